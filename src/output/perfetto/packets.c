// SPDX-License-Identifier: GPL-2.0-only
#include "output/perfetto/packets.h"

#include <errno.h>

#include "base/protobuf.h"
#include "base/sanitize.h"

/* Numbers of fields and values of Perfetto's messages. */
enum trace_field { TRACE_PACKET = 1 };
enum packet_field {
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK = 60
};
enum track_field { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum counter_track_field { COUNTER_UNIT = 3 };
enum event_field {
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_TRACK = 11,
	EVENT_CATEGORY = 22,
	EVENT_NAME = 23,
	EVENT_COUNTER = 30,
	EVENT_FLOW = 47,
	EVENT_LAST_FLOW = 48
};
enum annotation_field {
	ANNOTATION_BOOL = 2,
	ANNOTATION_INT = 4,
	ANNOTATION_TEXT = 6,
	ANNOTATION_NAME = 10
};

/* We are the only one who writes; there is nothing to be remembered from before. */
#define SEQUENCE	 1
#define SEQUENCE_CLEARED 1

static void put_text(struct packets *packets, struct str *out, int field, const char *text)
{
	struct str *clean = &packets->text;
	size_t len;

	str_reset(clean);
	for (; *text; text += len) {
		const char *shown = sanitize_next(text, &len);

		str_addn(clean, *text == '\n' ? text : shown, len);
	}
	protobuf_bytes(out, field, clean->text, clean->len);
	if (str_failed(clean))
		packets->failed = -ENOMEM;
}

/* .body, as a packet of its own. */
static void put_packet(struct packets *packets, enum packet_field field, uint64_t ts_ns)
{
	struct str *packet = &packets->packet;
	struct str *out = field == PACKET_TRACK ? packets->out : packets->events;

	str_reset(packet);
	if (field == PACKET_EVENT)
		protobuf_uint(packet, PACKET_TIMESTAMP, ts_ns);
	protobuf_uint(packet, PACKET_SEQUENCE, SEQUENCE);
	if (!packets->has_begun)
		protobuf_uint(packet, PACKET_SEQUENCE_FLAGS, SEQUENCE_CLEARED);
	packets->has_begun = true;
	protobuf_bytes(packet, field, packets->body.text, packets->body.len);
	if (str_failed(&packets->body) || str_failed(packet))
		packets->failed = -ENOMEM;
	else
		protobuf_bytes(out, TRACE_PACKET, packet->text, packet->len);
	if (str_failed(out))
		packets->failed = -ENOMEM;
	str_reset(&packets->body);
}

static void add_track(struct packets *packets, uint64_t uuid, uint64_t parent, const char *name)
{
	protobuf_uint(&packets->body, TRACK_UUID, uuid);
	if (parent)
		protobuf_uint(&packets->body, TRACK_PARENT, parent);
	put_text(packets, &packets->body, TRACK_NAME, name);
}

uint64_t packets_new_track(struct packets *packets, uint64_t parent, const char *name)
{
	uint64_t uuid = ++packets->last_uuid;

	add_track(packets, uuid, parent, name);
	put_packet(packets, PACKET_TRACK, 0);
	return uuid;
}

/* What is said of an event, in .body. */
static void annotate(struct packets *packets, const char *name, enum annotation_field field,
		     int64_t value, const char *text)
{
	struct str *part = &packets->part;

	str_reset(part);
	protobuf_string(part, ANNOTATION_NAME, name);
	if (text)
		put_text(packets, part, field, text);
	else
		protobuf_uint(part, field, value);
	if (str_failed(part))
		packets->failed = -ENOMEM;
	protobuf_bytes(&packets->body, EVENT_ANNOTATION, part->text, part->len);
}

void packets_int(struct packets *packets, const char *name, int64_t value)
{
	annotate(packets, name, ANNOTATION_INT, value, NULL);
}

void packets_text(struct packets *packets, const char *name, const char *text)
{
	if (text)
		annotate(packets, name, ANNOTATION_TEXT, 0, text);
}

void packets_bool(struct packets *packets, const char *name, bool value)
{
	annotate(packets, name, ANNOTATION_BOOL, value, NULL);
}

void packets_begin(struct packets *packets, uint64_t track, enum event_type type,
		   const struct event *event)
{
	struct str *body = &packets->body;

	protobuf_uint(body, EVENT_TYPE, type);
	protobuf_uint(body, EVENT_TRACK, track);
	protobuf_string(body, EVENT_CATEGORY, event->category);
	put_text(packets, body, EVENT_NAME, event->name);
	if (event->flow)
		protobuf_fixed(body, EVENT_FLOW, event->flow);
	if (event->last_flow)
		protobuf_fixed(body, EVENT_LAST_FLOW, event->last_flow);
}

void packets_end_slice(struct packets *packets, uint64_t track, uint64_t ts_ns)
{
	protobuf_uint(&packets->body, EVENT_TYPE, SLICE_END);
	protobuf_uint(&packets->body, EVENT_TRACK, track);
	put_packet(packets, PACKET_EVENT, ts_ns);
}

void packets_put_slice(struct packets *packets, uint64_t track, const struct event *event)
{
	packets_begin(packets, track, SLICE_BEGIN, event);
	put_packet(packets, PACKET_EVENT, event->begin_ns);
	packets_end_slice(packets, track, event->begin_ns + event->ns);
}

void packets_put_instant(struct packets *packets, uint64_t track, const struct event *event)
{
	packets_begin(packets, track, INSTANT, event);
	put_packet(packets, PACKET_EVENT, event->begin_ns);
}

uint64_t packets_new_counter(struct packets *packets, const char *name, enum counter_unit unit)
{
	uint64_t uuid = ++packets->last_uuid;

	add_track(packets, uuid, 0, name);
	str_reset(&packets->part);
	protobuf_uint(&packets->part, COUNTER_UNIT, unit);
	protobuf_bytes(&packets->body, TRACK_COUNTER, packets->part.text, packets->part.len);
	put_packet(packets, PACKET_TRACK, 0);
	return uuid;
}

void packets_put_count(struct packets *packets, uint64_t track, uint64_t ts_ns, int64_t value)
{
	protobuf_uint(&packets->body, EVENT_TYPE, COUNTER);
	protobuf_uint(&packets->body, EVENT_TRACK, track);
	protobuf_uint(&packets->body, EVENT_COUNTER, value);
	put_packet(packets, PACKET_EVENT, ts_ns);
}

void packets_put(struct packets *packets, uint64_t ts_ns)
{
	put_packet(packets, PACKET_EVENT, ts_ns);
}

void packets_describe(struct packets *packets, uint64_t uuid, const char *name)
{
	add_track(packets, uuid, 0, name);
	put_packet(packets, PACKET_TRACK, 0);
}

void packets_init(struct packets *packets, struct str *out)
{
	*packets = (struct packets){.out = out, .events = out};
	str_init(&packets->packet);
	str_init(&packets->body);
	str_init(&packets->part);
	str_init(&packets->text);
}

void packets_fini(struct packets *packets)
{
	str_fini(&packets->packet);
	str_fini(&packets->body);
	str_fini(&packets->part);
	str_fini(&packets->text);
}
