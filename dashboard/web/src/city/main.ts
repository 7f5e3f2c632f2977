import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import City from "./City.svelte";

await languageReady();
mount(City, { target: document.getElementById("app")! });
