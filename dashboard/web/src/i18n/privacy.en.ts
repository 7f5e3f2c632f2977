import type { PrivacyWords } from "./privacy.zh.ts";

export const privacy: PrivacyWords = {
  title: "My data",
  purpose: "What is kept, and what for",
  uses: [
    "Your phone number: to sign in and to tell you that goods have come. It is stored encrypted; merchants and others never see it, staff see it without its middle, and to see all of it takes a reason that stays on record.",
    "Orders, purchases, balance: to bring and to settle them.",
    "Your place: only while you look for vending vehicles nearby. The phone asks you first, it is not kept, and ordering works without it.",
    "Notices: by which channel you were told and how it went, never the words.",
  ],
  keeps: "For how long",
  terms: [
    "Sign-ins: until they end or you sign out.",
    "Orders and accounts: at least three years, as the law asks; once you leave they are no longer tied to your number.",
    "Names of people who collect for you, notes: until you leave.",
  ],
  copy: "Download my data",
  copyNote: "A JSON file with everything that is kept of you.",
  leave: "Leave",
  leaveNote: "Removes your number, how you want to be reached, people who collect for you and notes, and ends every sign-in. Records of orders stay as the law asks, no longer tied to you.",
  sure: "Leave? This cannot be undone.",
  yes: "Leave now",
  no: "Stay",
  left: "You have left; your number is removed.",
  signIn: "Please sign in first.",
  toSignIn: "Sign in",
  open: "Something is still open; you can leave once it is done:",
  things: {
    order: "an order under way",
    call: "a vending vehicle that is called",
    purchase: "a purchase under way",
    parcel: "a parcel that waits for your choice",
    balance: "a balance; have it paid back at a counter",
    due: "something to pay; pay it at a counter",
  },
  back: "Back",
};
