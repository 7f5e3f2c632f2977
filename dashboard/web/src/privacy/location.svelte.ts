/** Whether this phone's position may be used to look for vending vehicles nearby: asked for by itself, and taken back. */
const KEY = "steppe.location";

class LocationConsent {
  isGiven = $state(localStorage.getItem(KEY) === "1");

  set(isGiven: boolean): void {
    this.isGiven = isGiven;
    localStorage.setItem(KEY, isGiven ? "1" : "0");
  }
}

export const locationConsent = new LocationConsent();
