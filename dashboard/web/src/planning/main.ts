import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Planning from "./Planning.svelte";

scheme.show();
await languageReady();
mount(Planning, { target: document.getElementById("app")! });
