/* /openapi.json: the table of routes as OpenAPI 3 describes it. */
#include "brokersim/route.h"

#include <stdio.h>
#include <string.h>

struct field {
    char name[40];
    char type[16];
    bool required;
};

/* Takes the next "name:type!" of a list. False at its end. */
static bool next_field(const char **list, struct field *field)
{
    *list += strspn(*list, " ");
    size_t size = strcspn(*list, " "), name = strcspn(*list, ":");
    if (size == 0)
        return false;
    field->required = (*list)[size - 1] == '!';
    snprintf(field->name, sizeof field->name, "%.*s", (int)name, *list);
    snprintf(field->type, sizeof field->type, "%.*s", (int)(size - name - 1 - field->required),
             *list + name + 1);
    *list += size;
    return true;
}

static void put_type(struct sj_reply *json, const char *key, const char *type)
{
    sj_reply_object(json, key);
    sj_reply_string(json, "type", type);
    if (strcmp(type, "array") == 0) {
        sj_reply_object(json, "items");
        sj_reply_string(json, "type", "object");
        sj_reply_end_object(json);
    }
    sj_reply_end_object(json);
}

static void put_parameter(struct sj_reply *json, const char *name, const char *in, bool required,
                          const char *type)
{
    sj_reply_object(json, NULL);
    sj_reply_string(json, "name", name);
    sj_reply_string(json, "in", in);
    sj_reply_bool(json, "required", required);
    put_type(json, "schema", type);
    sj_reply_end_object(json);
}

static void put_parameters(struct sj_reply *json, const struct route *route)
{
    const char *open = strchr(route->path, '{'), *list = route->query;
    struct field field;
    sj_reply_array(json, "parameters");
    if (open) {
        snprintf(field.name, sizeof field.name, "%.*s", (int)strcspn(open + 1, "}"), open + 1);
        put_parameter(json, field.name, "path", true, "string");
    }
    while (next_field(&list, &field))
        put_parameter(json, field.name, "query", field.required, field.type);
    sj_reply_end_array(json);
}

static void put_body(struct sj_reply *json, const struct route *route)
{
    struct field field;
    const char *list = route->body;
    sj_reply_object(json, "requestBody");
    sj_reply_bool(json, "required", true);
    sj_reply_object(json, "content");
    sj_reply_object(json, "application/json");
    sj_reply_object(json, "schema");
    sj_reply_string(json, "type", "object");
    sj_reply_object(json, "properties");
    while (next_field(&list, &field))
        put_type(json, field.name, field.type);
    sj_reply_end_object(json);
    sj_reply_array(json, "required");
    for (list = route->body; next_field(&list, &field);)
        if (field.required)
            sj_reply_string(json, NULL, field.name);
    sj_reply_end_array(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
}

static void put_response(struct sj_reply *json, const char *status, const char *text,
                         const char *content, const char *schema)
{
    sj_reply_object(json, status);
    sj_reply_string(json, "description", text);
    sj_reply_object(json, "content");
    sj_reply_object(json, content);
    sj_reply_object(json, "schema");
    if (schema)
        sj_reply_string(json, "$ref", schema);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
}

static void put_operation(struct sj_reply *json, const struct route *route)
{
    char tag[16];
    snprintf(tag, sizeof tag, "%.*s", (int)strcspn(route->path + 1, "/"), route->path + 1);
    sj_reply_object(json, route->method == HTTP_GET ? "get" : "post");
    sj_reply_array(json, "tags");
    sj_reply_string(json, NULL, tag);
    sj_reply_end_array(json);
    sj_reply_string(json, "summary", route->summary);
    put_parameters(json, route);
    if (route->method == HTTP_POST)
        put_body(json, route);
    sj_reply_object(json, "responses");
    put_response(json, "200", "what was asked for",
                 route->streams ? "text/event-stream" : "application/json", NULL);
    put_response(json, "default", "why not", "application/json", "#/components/schemas/Error");
    sj_reply_end_object(json);
    sj_reply_end_object(json);
}

static void put_error_schema(struct sj_reply *json)
{
    sj_reply_object(json, "components");
    sj_reply_object(json, "schemas");
    sj_reply_object(json, "Error");
    sj_reply_string(json, "type", "object");
    sj_reply_object(json, "properties");
    put_type(json, "code", "integer");
    put_type(json, "message", "string");
    put_type(json, "details", "object");
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
    sj_reply_end_object(json);
}

void openapi_json(struct sj_reply *json)
{
    char path[128];
    sj_reply_object(json, NULL);
    sj_reply_string(json, "openapi", "3.0.3");
    sj_reply_object(json, "info");
    sj_reply_string(json, "title", "shijim broker-sim");
    sj_reply_string(json, "version", SJ_VERSION);
    sj_reply_string(json, "description",
                    "What the simulated Shioaji server serves. The admin calls are its own: see "
                    "src/brokersim/README.md.");
    sj_reply_end_object(json);
    sj_reply_object(json, "paths");
    for (uint32_t i = 0; i < ROUTE_COUNT; i++) { /* no path has two methods */
        snprintf(path, sizeof path, "%s%s", ROUTE_PREFIX, ROUTES[i].path);
        sj_reply_object(json, path);
        put_operation(json, &ROUTES[i]);
        sj_reply_end_object(json);
    }
    sj_reply_end_object(json);
    put_error_schema(json);
    sj_reply_end_object(json);
}
