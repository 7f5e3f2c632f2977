import type { StaffWords } from "./staff.zh.ts";

export const staff: StaffWords = {
  login: {
    username: "Account",
    password: "Password",
    totp: "One-time code",
    totpHint: "6 digits from your authenticator app",
    submit: "Log in",
    submitting: "Logging in…",
    wrong: "The account, password or one-time code is not right.",
    locked: "Too many tries. Wait a moment.",
    missing: "Please fill in all three.",
    checking: "Checking your session…",
    notStaff: "This is a resident's account; it cannot open staff pages.",
  },
  forbiddenTitle: "This account cannot see this page",
  forbiddenBody: "Your role may not see live data. Ask an administrator if you need it.",
};
