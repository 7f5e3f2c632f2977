/** What the pages read from the api, by the names they use: the generated schema, and GeoJSON of the maps. */
import type { components } from "./schema.d.ts";

export type { Districts } from "../map/districts.ts";
export type { Grounds } from "../map/grounds.ts";
export type { Roads } from "../map/roads.ts";

type Schemas = components["schemas"];

export type Town = Schemas["TownView"];
export type Config = Schemas["Config"];
export type Me = Schemas["Me"];

export type VehicleBrief = Schemas["VehicleBrief"];
export type VehicleDetail = Schemas["VehicleDetail"];
export type TaskView = Schemas["TaskView"];
export type TrailView = Schemas["TrailView"];
export type Alarm = Schemas["AlarmView"];
export type AlarmPerson = Schemas["AlarmPersonView"];
export type Command = Schemas["CommandView"];
export type CitySummary = Schemas["CitySummary"];
export type OperatorView = Schemas["OperatorView"];
export type LiveChoices = Schemas["ChoicesView"];
export type OrderBrief = Schemas["OrderBrief"];
export type OrderDetail = Schemas["OrderDetail"];

export type Merchant = Schemas["MerchantView"];
export type Goods = Schemas["GoodsView"];
export type PickupPoint = Schemas["PickupPointView"];
export type VendingAround = Schemas["VendingAround"];
export type VendingCall = Schemas["CallView"];
export type PurchasedSale = Schemas["SaleView"];
export type NearbyVehicle = Schemas["NearbyVehicle"];
export type Basket = Schemas["Basket"];
export type Quote = Schemas["QuoteView"];
export type ResidentOrder = Schemas["ResidentOrder"];
export type PickupCode = Schemas["mobile_api_schemas_orders_CodeView"];
