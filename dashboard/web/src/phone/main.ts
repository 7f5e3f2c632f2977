import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import Phone from "./Phone.svelte";

await languageReady();
mount(Phone, { target: document.getElementById("app")! });
