import { mount } from "svelte";
import "../base.css";
import Phone from "./Phone.svelte";

mount(Phone, { target: document.getElementById("app")! });
