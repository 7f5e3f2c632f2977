import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Fences from "./Fences.svelte";

scheme.show();
await languageReady();
mount(Fences, { target: document.getElementById("app")! });
