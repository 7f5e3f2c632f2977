/** Whether this phone's position may be used to look for vending vehicles nearby: asked for by itself, and taken back. */
const KEY = "steppe.location";

const isKept = (): boolean => localStorage.getItem(KEY) === "1";

class LocationConsent {
  isGiven = $state(isKept());

  /** Reads it again: another page or another person may have changed it. */
  look(): boolean {
    return (this.isGiven = isKept());
  }

  set(isGiven: boolean): void {
    this.isGiven = isGiven;
    localStorage.setItem(KEY, isGiven ? "1" : "0");
  }
}

export const locationConsent = new LocationConsent();
