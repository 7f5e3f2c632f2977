import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Merchant from "./Merchant.svelte";

scheme.show();
await languageReady();
mount(Merchant, { target: document.getElementById("app")! });
