// A Sparkplug B edge node with one device, by Eclipse Tahu's client. Lines on stdin are what it does; on stdout it
// tells what happened. Usage: node edge.js <port> <group> <node>
"use strict";

const readline = require("node:readline");
const sparkplug = require("sparkplug-client");

const [port, groupId, edgeNode] = process.argv.slice(2);
const DEVICE = "Pump 7";
const client = sparkplug.newClient({
  serverUrl: `tcp://127.0.0.1:${port}`,
  username: "",
  password: "",
  groupId,
  edgeNode,
  clientId: `${groupId}-${edgeNode}`,
  version: "spBv1.0",
  publishDeath: true,
});
const say = (word) => process.stdout.write(`${word}\n`);

function births() {
  const now = Date.now();
  client.publishNodeBirth({
    timestamp: now,
    metrics: [{ name: "Node Control/Rebirth", type: "Boolean", value: false }],
  });
  client.publishDeviceBirth(DEVICE, {
    timestamp: now,
    metrics: [
      {
        name: "Flow", alias: 1, type: "Double", value: 1.5, timestamp: now,
        properties: { engUnit: { type: "String", value: "L/min" } },
      },
      { name: "Run", alias: 2, type: "Boolean", value: true, timestamp: now },
      { name: "Bearing", alias: 3, type: "Int16", value: -5, timestamp: now },
      { name: "Starts", alias: 4, type: "UInt64", value: 12, timestamp: now },
      { name: "Mode", type: "String", value: "fire", timestamp: now },
      { name: "Pressure", type: "Float", value: 4.5, timestamp: now },
    ],
  });
  say("born");
}

client.on("birth", births);
// the client is born before the broker has answered its two subscriptions to commands
let answers = 0;
client.client.on("packetreceive", (packet) => {
  answers += packet.cmd === "suback";
  if (packet.cmd === "suback" && answers === 2) say("ready");
});
client.on("ncmd", (payload) => {
  const [metric] = payload.metrics;
  if (metric.name === "Node Control/Rebirth" && metric.type === "Boolean" && metric.value === true) {
    say("rebirth");
    births();
  }
});
client.on("error", (error) => say(`error ${error.message}`));

const deeds = {
  // flow by alias only
  data: (first, count) => {
    for (let n = Number(first); n < Number(first) + Number(count); n += 1) {
      client.publishDeviceData(DEVICE, {
        timestamp: Date.now(),
        metrics: [{ alias: 1, type: "Double", value: n, timestamp: Date.now() + n }],
      });
    }
    say("done");
  },
  // a sequence number that is never sent
  gap: () => {
    client.incrementSeqNum();
    say("done");
  },
  stale: () => {
    client.publishDeviceData(DEVICE, {
      timestamp: Date.now(),
      metrics: [{
        name: "Pressure", type: "Float", value: 5.5,
        properties: { Quality: { type: "Int32", value: 500 } },
      }],
    });
    say("done");
  },
  bye: () => {
    client.publishDeviceDeath(DEVICE, { timestamp: Date.now(), metrics: [] });
    client.stop();
    say("done");
    setTimeout(() => process.exit(0), 200);
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, ...values] = line.split(" ");
  deeds[word](...values);
});
