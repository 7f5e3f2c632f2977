import type { FeedbackWords } from "./feedback.zh.ts";

export const feedback: FeedbackWords = {
  tab: "Street",
  all: "Answered ones too",
  none: "Nothing waits. What people say after scanning the code on a vehicle appears here.",
  look: "I look into it",
  answer: "Answer",
  resolved: "Solved; send the answer",
  rejected: "Not confirmed; send the answer",
  needWords: "Say what came of it: whoever told us reads it.",
  others: (count) => `Answer the ${count} others that say the same too`,
  handedOn: (now, first) => `${now} has it now (first ${first})`,
  answered: (who, words) => `${who} answered: ${words}`,
};
