#include "app/journal_commands.h"

#include "app/format.h"
#include "base/cli.h"
#include "base/json.h"
#include "base/tw_time.h"
#include "journal/journal.h"

#include <stdio.h>

#define LINE_MAX_SIZE 16384

struct listing {
    bool json;
    uint64_t segment_count;
    uint64_t event_count;
    uint64_t file_size;
};

static void print_segment_json(const struct sj_journal_segment *segment)
{
    char buffer[LINE_MAX_SIZE];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "file", segment->file);
    sj_json_field_bool(&json, "whole", segment->whole);
    sj_json_field_bool(&json, "sealed", segment->sealed);
    sj_json_field_bool(&json, "compressed", segment->compressed);
    sj_json_field_uint(&json, "base", segment->base);
    sj_json_field_uint(&json, "end", segment->end);
    sj_json_field_uint(&json, "size_bytes", segment->file_size);
    sj_json_field_uint(&json, "events", segment->event_count);
    sj_json_field_int(&json, "first_ns", segment->first_ns);
    sj_json_field_int(&json, "last_ns", segment->last_ns);
    sj_json_key(&json, "sources");
    sj_json_begin_array(&json);
    for (uint32_t i = 0; i < segment->source_count; i++) {
        sj_json_begin_object(&json);
        sj_json_field_uint(&json, "src", segment->sources[i].src);
        sj_json_field_uint(&json, "first_seq", segment->sources[i].first_seq);
        sj_json_field_uint(&json, "last_seq", segment->sources[i].last_seq);
        sj_json_end_object(&json);
    }
    sj_json_end_array(&json);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static const char *state_of(const struct sj_journal_segment *segment)
{
    if (!segment->whole)
        return "DAMAGED";
    return segment->compressed ? "compressed" : segment->sealed ? "sealed" : "open";
}

static void print_segment(const struct sj_journal_segment *segment)
{
    char first[SJ_TIME_TEXT_MAX] = "";
    char last[SJ_TIME_TEXT_MAX] = "";
    if (segment->event_count) {
        sj_tw_format(segment->first_ns, 3, first);
        sj_tw_format(segment->last_ns, 3, last);
    }
    printf("%-18s %-10s %15s events %10s  %s .. %s", segment->file, state_of(segment),
           SJ_COUNT(segment->event_count), SJ_BYTES(segment->file_size), first, last);
    for (uint32_t i = 0; i < segment->source_count; i++)
        printf("  %u:%llu-%llu", segment->sources[i].src,
               (unsigned long long)segment->sources[i].first_seq,
               (unsigned long long)segment->sources[i].last_seq);
    putchar('\n');
}

static void show_segment(const struct sj_journal_segment *segment, void *context)
{
    struct listing *listing = context;
    listing->segment_count++;
    listing->event_count += segment->event_count;
    listing->file_size += segment->file_size;
    if (listing->json)
        print_segment_json(segment);
    else
        print_segment(segment);
}

int sj_journal_ls(int argc, char **argv)
{
    struct listing listing = {0};
    const struct sj_cli_option options[] = {
        {"json", NULL, "one JSON object a segment", SJ_CLI_FLAG, &listing.json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "journal ls",
        .arguments = "DIR",
        .summary = "Lists segments: state, events, size, Taipei times, and source:first-last.",
        .example = "shijim journal ls ./data/journal",
        .options = options,
        .option_count = 1,
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    rc = sj_journal_list(cli.values[0], show_segment, &listing);
    if (rc < 0)
        return sj_cli_fail(&cli, sj_cli_path_exit(rc), "cannot read the journal %s: %s",
                           cli.values[0], sj_rc_text(rc));
    if (!listing.json)
        fprintf(stderr, "%s segments, %s events, %s\n", SJ_COUNT(listing.segment_count),
                SJ_COUNT(listing.event_count), SJ_BYTES(listing.file_size));
    return SJ_EXIT_DONE;
}

static void show_damage(const struct sj_journal_damage *damage, void *context)
{
    (void)context;
    printf("%s at position %llu, %llu bytes: %s\n", damage->file,
           (unsigned long long)damage->position, (unsigned long long)damage->size, damage->text);
    for (uint32_t i = 0; i < damage->lost_count && i < SJ_JOURNAL_DAMAGE_LOST_MAX; i++)
        printf("  lost: source %u, %llu to %llu\n", damage->lost[i].src,
               (unsigned long long)damage->lost[i].first_seq,
               (unsigned long long)damage->lost[i].last_seq);
}

static void print_check_json(const struct sj_journal_check *check)
{
    char buffer[1024];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_uint(&json, "segments", check->segment_count);
    sj_json_field_uint(&json, "blocks", check->block_count);
    sj_json_field_uint(&json, "events", check->event_count);
    sj_json_field_uint(&json, "damaged_ranges", check->damage_count);
    sj_json_field_uint(&json, "damaged_bytes", check->damage_size);
    sj_json_field_uint(&json, "lost_events", check->lost_count);
    sj_json_field_uint(&json, "holes", check->hole_count);
    sj_json_field_uint(&json, "repaired", check->repaired_count);
    sj_json_field_uint(&json, "unrepaired", check->unrepaired_count);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

typedef sj_rc check_function(const char *dir,
                             void (*each)(const struct sj_journal_damage *damage, void *context),
                             void *context, struct sj_journal_check *ret);

/* verify and repair read alike; they differ in what they do about it. */
static int check(struct sj_cli *cli, int argc, char **argv, check_function *function, bool repairs)
{
    bool json = false;
    const struct sj_cli_option options[] = {
        {"json", NULL, "the totals as JSON", SJ_CLI_FLAG, &json, 0, 0, 0},
    };
    struct sj_journal_check result = {0};
    cli->arguments = "DIR";
    cli->options = options;
    cli->option_count = 1;
    cli->arguments_min = 1;
    cli->arguments_max = 1;
    sj_rc rc = sj_cli_parse(cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    rc = function(cli->values[0], json ? NULL : show_damage, NULL, &result);
    if (rc == -SJ_E_BUSY)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "%s is being written; stop its process first",
                           cli->values[0]);
    if (rc < 0)
        return sj_cli_fail(cli, sj_cli_path_exit(rc), "cannot read the journal %s: %s",
                           cli->values[0], sj_rc_text(rc));
    if (json)
        print_check_json(&result);
    else
        printf(
            "%s segments, %s blocks, %s events read; %s damaged ranges, %s events lost by them\n",
            SJ_COUNT(result.segment_count), SJ_COUNT(result.block_count),
            SJ_COUNT(result.event_count), SJ_COUNT(result.damage_count),
            SJ_COUNT(result.lost_count));
    if (repairs)
        return result.unrepaired_count ? SJ_EXIT_FAILED : SJ_EXIT_DONE;
    if (rc > 0)
        fprintf(stderr, "next: shijim journal repair %s\n", cli->values[0]);
    return rc > 0 ? SJ_EXIT_FAILED : SJ_EXIT_DONE;
}

int sj_journal_verify_command(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "journal verify",
        .summary = "Reads every block and names what is damaged, and which events are lost by it.",
        .details = "Exit code 0: everything is whole; 1: something is damaged.",
        .example = "shijim journal verify ./data/journal",
    };
    return check(&cli, argc, argv, sj_journal_verify, false);
}

int sj_journal_repair_command(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "journal repair",
        .summary = "Sets damaged parts aside (DIR/damaged) so that the rest reads clean.",
        .details = "Nothing is deleted. What was lost stays named in the journal.",
        .example = "shijim journal repair ./data/journal",
    };
    return check(&cli, argc, argv, sj_journal_repair, true);
}
