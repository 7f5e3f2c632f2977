export const merchantKinds: Record<string, string> = {
  supermarket: "Supermarket",
  restaurant: "Restaurant",
  parcel_station: "Parcel station",
  pharmacy: "Pharmacy",
  bakery: "Bakery",
  fresh: "Fresh food",
};
