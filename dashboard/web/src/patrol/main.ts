import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Patrol from "./Patrol.svelte";

scheme.show();
await languageReady();
mount(Patrol, { target: document.getElementById("app")! });
