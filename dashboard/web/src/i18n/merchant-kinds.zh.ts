/** The kinds of merchant that the city's data has by itself; a city may bring words of its own. */
export const merchantKinds: Record<string, string> = {
  supermarket: "超市",
  restaurant: "餐饮",
  parcel_station: "驿站",
  pharmacy: "药房",
  bakery: "烘焙",
  fresh: "生鲜",
};
