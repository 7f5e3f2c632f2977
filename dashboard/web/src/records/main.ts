import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import Records from "./Records.svelte";
import { scheme } from "../parts/scheme.svelte.ts";

scheme.show();
await languageReady();
mount(Records, { target: document.getElementById("app")! });
