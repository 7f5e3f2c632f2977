/**
 * Whether this phone's position may be used to look for vending vehicles nearby: asked for by itself, told to the
 * city, and taken back. What holds is kept on the phone too, so that a look around needs no question first.
 */
import { consents, sayConsent } from "../api/consents.ts";

const KEY = "steppe.location";
const isKept = (): boolean => localStorage.getItem(KEY) === "1";

class LocationConsent {
  isGiven = $state(isKept());

  /** Reads it again: another page or another person may have changed it. */
  look(): boolean {
    return (this.isGiven = isKept());
  }

  /** Asks the city what she said last, on whatever phone. Raises Problem. */
  async ask(): Promise<void> {
    const said = await consents();
    this.keep(said.some((one) => one.purpose === "location" && one.isGiven));
  }

  /** Says it; it holds when the city has heard it. Raises Problem. */
  async say(isGiven: boolean): Promise<void> {
    await sayConsent("location", isGiven);
    this.keep(isGiven);
  }

  private keep(isGiven: boolean): void {
    this.isGiven = isGiven;
    localStorage.setItem(KEY, isGiven ? "1" : "0");
  }
}

export const locationConsent = new LocationConsent();
