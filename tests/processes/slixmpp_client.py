"""Asks opensrf.math with slixmpp, and says what came.

Arguments: JID, password, port on the loopback address. Plain TCP: the server is on this machine,
and SCRAM does not show the password.
"""

import asyncio
import json
import sys
import uuid
import xml.etree.ElementTree as ET

import slixmpp

PATIENCE = 30  # seconds


class Asker(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self.enable_plaintext = True
        self.enable_starttls = False
        self.enable_direct_tls = False
        self.plugin["feature_mechanisms"].unencrypted_scram = True
        self.plugin["feature_mechanisms"].unencrypted_plain = False
        self.online = asyncio.get_running_loop().create_future()
        self.came = asyncio.Queue()
        self.add_event_handler("session_start", self.online.set_result)
        self.add_event_handler("failed_all_auth", self.refused)
        # Those of the library want a subject, a body, or a type chat; here comes all that comes.
        self.register_handler(
            slixmpp.xmlstream.handler.Callback(
                "all messages",
                slixmpp.xmlstream.matcher.MatchXPath("{jabber:client}message"),
                self.came.put_nowait,
            )
        )

    def refused(self, _):
        self.online.set_exception(RuntimeError("no log-in"))

    def write(self, to, thread, messages, with_extension):
        message = self.make_message(mto=to, mbody=json.dumps(messages), mtype="normal")
        message["thread"] = thread
        message["id"] = thread
        if with_extension:
            extension = ET.SubElement(message.xml, "{jabber:client}opensrf")
            for name in ("router_from", "router_to", "router_class", "router_command"):
                extension.set(name, "")
            extension.set("osrf_xid", uuid.uuid4().hex)
        message.send()

    async def ask(self, to, *payloads, with_extension=True):
        """Sends one stanza; gives contents and statuses up to 'complete', and who sent them."""
        thread = uuid.uuid4().hex
        self.write(to, thread, [osrf(trace, p) for trace, p in enumerate(payloads)], with_extension)
        said = []
        while True:
            stanza = await self.came.get()
            if stanza["type"] == "error":
                condition = stanza["error"]["condition"]
                return [f"error {condition} from {stanza['from']}"], stanza["from"]
            assert stanza["thread"] == thread, f"another's thread: {stanza}"
            for message in json.loads(stanza["body"]):
                payload = message["__p"]["payload"]
                values = payload["__p"]
                if payload["__c"] == "osrfResult":
                    said.append(str(values["content"]))
                else:
                    said.append(values["status"])
                if said[-1] == "Request Complete":
                    return said, stanza["from"]


def osrf(trace, payload):
    kind = payload["__p"].get("method") and "REQUEST" or "CONNECT"
    values = {"threadTrace": trace, "type": kind, "locale": "en-US"}
    if kind == "REQUEST":
        values["payload"] = payload
    return {"__c": "osrfMessage", "__p": values}


def add(a, b):
    return {"__c": "osrfMethod", "__p": {"method": "add", "params": [a, b]}}


CONNECT = {"__c": "osrfConnect", "__p": {}}


async def main(jid, password, port):
    asker = Asker(jid, password)
    asker.connect("127.0.0.1", int(port))
    await asker.online
    print("mechanism", asker.plugin["feature_mechanisms"].mech.name)
    print("bound", asker.boundjid)

    service = "router@localhost/opensrf.math"
    said, drone = await asker.ask(service, add(2, 2))
    assert "opensrf.math_drone" in drone.resource, drone
    print("with extension:", ", ".join(said))
    said, _ = await asker.ask(service, add(2, 3), with_extension=False)
    print("without extension:", ", ".join(said))
    said, _ = await asker.ask(service, CONNECT, add(3, 3))
    print("session:", ", ".join(said))
    said, _ = await asker.ask("router@localhost/test.none", add(2, 2))
    print("unknown service:", ", ".join(said))

    asker.disconnect()
    await asker.disconnected


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), PATIENCE))
