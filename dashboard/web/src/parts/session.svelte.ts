/** Who is logged in as staff on this page, and what they may do. */
import { asProblem, type Problem } from "../api/http.ts";
import { me as askMe, logIn as askLogIn, logOut as askLogOut } from "../api/staff.ts";
import type { Me } from "../api/types.ts";

export type SessionState = "checking" | "out" | "in" | "unreachable";

class StaffSession {
  state = $state<SessionState>("checking");
  me = $state.raw<Me | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  /** The server ended a session that was used here: the log-in says so. */
  hasExpired = $state(false);

  async check(): Promise<void> {
    this.state = "checking";
    try {
      this.me = await askMe();
      this.problem = undefined;
      this.state = "in";
    } catch (error) {
      const problem = asProblem(error);
      this.me = undefined;
      this.problem = problem.kind === "unauthenticated" ? undefined : problem;
      this.state = problem.kind === "unauthenticated" ? "out" : "unreachable";
    }
  }

  async logIn(username: string, password: string, totp: string): Promise<void> {
    await askLogIn(username, password, totp);
    await this.check();
  }

  async logOut(): Promise<void> {
    try {
      await askLogOut();
    } finally {
      this.ended();
      this.hasExpired = false;
    }
  }

  /** The server said that the session is over. */
  ended(): void {
    this.hasExpired = this.me !== undefined;
    this.me = undefined;
    this.state = "out";
  }

  may(scope: string): boolean {
    return this.me?.scopes.includes(scope) ?? false;
  }
}

export const session = new StaffSession();
