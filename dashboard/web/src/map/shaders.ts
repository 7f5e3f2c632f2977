/**
 * The vehicle layer's two programs in one: a quad per vehicle, its place interpolated between the last two
 * records, its shape drawn as a signed distance so that it stays sharp at every size.
 *
 * u_pass: 0 calm vehicles, 1 alarms (drawn last, so that nothing hides them), 2 rings of vehicles not heard
 * from, 3 the selected vehicle's ring.
 */
export const VERTEX = `#version 300 es
precision highp float;
precision highp int;
in vec4 a_path;      // from.xy, to.xy in Mercator units relative to the layer's origin
in vec4 a_motion;    // start s, duration s, heading from, heading to (turns)
in vec3 a_state;     // condition 0-4, alpha, heard at s
uniform mat4 u_matrix;
uniform vec2 u_viewport;
uniform float u_now;
uniform float u_size;
uniform float u_bearing;
uniform float u_unitsPerPx;
uniform float u_unitsPerMetre;
uniform int u_pass;
uniform int u_selected;
out vec2 v_uv;
out float v_turn;
out float v_radius;
flat out int v_condition;
out float v_alpha;

void main() {
  int condition = int(a_state.x + 0.5);
  bool mine = u_pass == 0 ? condition != 4 : u_pass == 1 ? condition == 4 : u_pass == 2 ? condition == 0 : true;
  if (!mine || a_state.y < 0.01 || (u_pass == 3 && gl_InstanceID != u_selected)) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  float t = clamp((u_now - a_motion.x) / max(a_motion.y, 0.001), 0.0, 1.0);
  vec4 clip = u_matrix * vec4(mix(a_path.xy, a_path.zw, t), 0.0, 1.0);
  float span = a_motion.w - a_motion.z;
  span -= floor(span + 0.5);
  v_turn = (a_motion.z + span * t) - u_bearing;
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
  float radius = u_size;
  if (u_pass == 1) radius *= 2.6;
  if (u_pass == 3) radius *= 2.1;
  if (u_pass == 2) {
    float metres = min(12.0 + (u_now - a_state.z) * 2.0, 400.0);
    radius = metres * u_unitsPerMetre / u_unitsPerPx;
    if (radius < u_size * 1.3) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  }
  clip.xy += corner * (radius + 1.5) / u_viewport * 2.0 * clip.w;
  gl_Position = clip;
  v_uv = corner * (radius + 1.5);
  v_radius = radius;
  v_condition = condition;
  v_alpha = a_state.y;
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
in vec2 v_uv;
in float v_turn;
in float v_radius;
flat in int v_condition;
in float v_alpha;
uniform int u_pass;
uniform float u_size;
uniform float u_pulse;
uniform vec3 u_colors[5];
uniform vec3 u_outline;
uniform vec3 u_selection;
out vec4 color;

float segment(vec2 p, vec2 a, vec2 b) {
  vec2 pa = p - a, ba = b - a;
  return length(pa - ba * clamp(dot(pa, ba) / dot(ba, ba), 0.0, 1.0));
}

// A navigation arrow of radius 1 that points to +y, its tail notched; negative inside.
float arrow(vec2 p) {
  p.x = abs(p.x);
  vec2 tip = vec2(0.0, 1.0), wing = vec2(0.72, -0.8), notch = vec2(0.0, -0.42);
  vec2 e1 = wing - tip, e2 = notch - wing;
  float d = min(segment(p, tip, wing), segment(p, wing, notch));
  float s1 = e1.x * (p.y - tip.y) - e1.y * (p.x - tip.x);
  float s2 = e2.x * (p.y - wing.y) - e2.y * (p.x - wing.x);
  return (s1 < 0.0 && s2 < 0.0) ? -d : d;
}

void put(inout vec4 under, vec3 rgb, float cover) {
  under = vec4(mix(under.rgb, rgb, cover), max(under.a, cover));
}

void main() {
  vec2 p = vec2(v_uv.x, v_uv.y);
  float r = length(p);
  vec4 result = vec4(u_outline, 0.0);
  if (u_pass == 3) {
    float ring = 1.0 - smoothstep(1.0, 2.0, abs(r - v_radius + 2.0));
    if (ring < 0.01) discard;
    color = vec4(u_selection, 1.0) * ring;
    return;
  }
  if (u_pass == 2) {
    float edge = 1.0 - smoothstep(0.5, 1.5, abs(r - v_radius + 1.0));
    float fill = r < v_radius ? 0.10 : 0.0;
    float a = max(edge * 0.55, fill) * v_alpha;
    if (a < 0.01) discard;
    color = vec4(u_colors[0] * a, a);
    return;
  }
  float s = u_size;
  vec3 tone = u_colors[v_condition];
  float big = smoothstep(4.0, 6.5, s);
  if (v_condition == 2) {
    float turn = v_turn * 6.2831853;
    vec2 q = vec2(p.x * cos(turn) - p.y * sin(turn), p.x * sin(turn) + p.y * cos(turn)) / s;
    float dArrow = arrow(q * 1.02) * s;
    float dDot = r - s * 0.62;
    float d = mix(dDot, dArrow, big);
    put(result, u_outline, 1.0 - smoothstep(0.9, 2.1, d));
    put(result, tone, 1.0 - smoothstep(-0.6, 0.6, d));
  } else if (v_condition == 0) {
    float w = max(1.3, s * 0.2);
    float d = abs(r - s * 0.62) - w * 0.5;
    put(result, u_outline, (1.0 - smoothstep(0.6, 1.8, d)) * 0.8);
    put(result, tone, 1.0 - smoothstep(-0.5, 0.6, d));
  } else {
    float rad = v_condition == 4 ? s * 0.86 : v_condition == 3 ? s * 0.8 : s * 0.58;
    if (v_condition == 4) {
      float wave = s * (0.86 + u_pulse * 1.6);
      float halo = (1.0 - smoothstep(0.8, 2.2, abs(r - wave))) * (1.0 - u_pulse);
      put(result, tone, halo * 0.9);
      put(result, tone, r < wave ? 0.26 * (1.0 - u_pulse) : 0.0);
    }
    float d = r - rad;
    put(result, u_outline, 1.0 - smoothstep(0.9, 2.1, d));
    put(result, tone, 1.0 - smoothstep(-0.6, 0.6, d));
    if (v_condition == 3) {
      vec2 q = p / s;
      float bolt = min(min(segment(q, vec2(0.16, 0.5), vec2(-0.2, -0.04)), segment(q, vec2(-0.2, -0.04), vec2(0.2, 0.04))),
        segment(q, vec2(0.2, 0.04), vec2(-0.16, -0.5)));
      put(result, u_outline, (1.0 - smoothstep(0.07, 0.15, bolt)) * big);
    }
    if (v_condition == 4) {
      vec2 q = p / s;
      float mark = min(segment(q, vec2(0.0, 0.46), vec2(0.0, -0.04)), length(q - vec2(0.0, -0.4)) - 0.02);
      put(result, vec3(1.0), (1.0 - smoothstep(0.09, 0.17, mark)) * big);
    }
  }
  float a = result.a * v_alpha;
  if (a < 0.01) discard;
  color = vec4(result.rgb * a, a);
}`;
