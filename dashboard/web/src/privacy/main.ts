import { mount } from "svelte";
import "../base.css";
import "../handheld.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Privacy from "./Privacy.svelte";

scheme.show();
await languageReady();
mount(Privacy, { target: document.getElementById("app")! });
