/** Why a command came to nothing, by the words of the platform; what a vehicle said itself stands as it is. */
export const commandWhy: Record<string, string> = {
  superseded: "A newer stop took its place",
  "not-delivered": "It did not reach the vehicle in time",
  unanswered: "The vehicle did not answer",
  "no-result": "The vehicle reported no result",
  "scene-hold": "The vehicle is kept at the scene of an incident",
  withdrawn: "It was taken back",
};
