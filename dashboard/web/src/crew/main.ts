import { mount } from "svelte";
import "../base.css";
import { languageReady } from "../i18n/locale.svelte.ts";
import { scheme } from "../parts/scheme.svelte.ts";
import Crew from "./Crew.svelte";

scheme.show();
await languageReady();
mount(Crew, { target: document.getElementById("app")! });
