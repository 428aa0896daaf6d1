/* An MQTT client on libmosquitto that does as little as can be: the measure for what Plantroom receives.

   mqtt_client session PORT ID            open a persistent session with the subscription, and leave
   mqtt_client publish PORT FILE          publish the file's messages at QoS 1, until all are acknowledged
   mqtt_client count   PORT ID MESSAGES   take that many messages, print the seconds from first to last

   FILE: for each message the lengths of topic and payload (two 32-bit numbers of this machine), then both. */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WINDOW 10000
#define FILTER "plantroom/v1/#"

static long wanted, taken, acknowledged, subscribed;
static double first;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void check(int rc, const char *what) {
    if (rc != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "%s: %s\n", what, mosquitto_strerror(rc));
        exit(1);
    }
}

static void on_message(struct mosquitto *m, void *data, const struct mosquitto_message *message) {
    if (!taken++)
        first = now();
}

static void on_publish(struct mosquitto *m, void *data, int mid) { acknowledged++; }

static void on_subscribe(struct mosquitto *m, void *data, int mid, int count, const int *qos) { subscribed = 1; }

static struct mosquitto *open_session(int port, const char *id) {
    struct mosquitto *m = mosquitto_new(id, id == NULL, NULL);
    mosquitto_property *expiry = NULL;
    mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(m, MOSQ_OPT_RECEIVE_MAXIMUM, WINDOW);
    mosquitto_int_option(m, MOSQ_OPT_SEND_MAXIMUM, WINDOW);
    mosquitto_message_callback_set(m, on_message);
    mosquitto_publish_callback_set(m, on_publish);
    mosquitto_subscribe_callback_set(m, on_subscribe);
    if (id != NULL)
        mosquitto_property_add_int32(&expiry, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 3600);
    check(mosquitto_connect_bind_v5(m, "127.0.0.1", port, 60, NULL, expiry), "connect");
    return m;
}

static uint32_t number(FILE *file) {
    uint32_t value = 0;
    return fread(&value, sizeof value, 1, file) == 1 ? value : 0;
}

static void publish(struct mosquitto *m, FILE *file) {
    static char topic[65536], payload[1 << 20];
    long sent = 0;
    for (;;) {
        uint32_t of_topic = number(file), of_payload = number(file);
        if (of_topic == 0)
            break;
        if (of_topic >= sizeof topic || of_payload > sizeof payload || fread(topic, of_topic, 1, file) != 1 ||
            fread(payload, of_payload, 1, file) != 1)
            check(MOSQ_ERR_INVAL, "the file of messages");
        topic[of_topic] = 0;
        check(mosquitto_publish(m, NULL, topic, of_payload, payload, 1, false), "publish");
        sent++;
        while (sent - acknowledged > 2000)
            check(mosquitto_loop(m, 1000, 1), "publish");
    }
    while (acknowledged < sent)
        check(mosquitto_loop(m, 1000, 1), "publish");
}

int main(int count, char **given) {
    if (count < 4)
        return 2;
    mosquitto_lib_init();
    int port = atoi(given[2]);
    if (!strcmp(given[1], "publish")) {
        FILE *file = fopen(given[3], "rb");
        if (file == NULL)
            return 2;
        publish(open_session(port, NULL), file);
        return 0;
    }
    struct mosquitto *m = open_session(port, given[3]);
    if (!strcmp(given[1], "session")) {
        mosquitto_subscribe(m, NULL, FILTER, 1);
        while (!subscribed)
            check(mosquitto_loop(m, 1000, 1), "subscribe");
        mosquitto_disconnect(m);
        return 0;
    }
    wanted = count > 4 ? atol(given[4]) : 0;
    while (taken < wanted)
        check(mosquitto_loop(m, 1000, 1), "count");
    printf("%.6f\n", now() - first);
    return 0;
}
