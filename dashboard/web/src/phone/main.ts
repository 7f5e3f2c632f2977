import { mount } from "svelte";
import "../base.css";
import "../handheld.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import Phone from "./Phone.svelte";

await languageReady();
const target = document.getElementById("app")!;
const token = /^#waybill=(.+)/.exec(location.hash)?.[1];
if (token) mount((await import("./Parcel.svelte")).default, { target, props: { token } });
else mount(Phone, { target });
