#include "app/command.h"
#include "app/convert_commands.h"

static const struct sj_command formats[] = {
    {"jsonl", "the original system's recorder files (JSONL, also .gz and .zst)",
     sj_convert_command_jsonl},
    {"binance", "Binance's raw futures feed", sj_convert_command_binance},
    {"csv", "CSV files, by a mapping", sj_convert_command_csv},
    {"journal", "an instrument out of a journal", sj_convert_command_journal},
    {"taifex", "TAIFEX daily futures or options trades (zip or CSV)", sj_convert_command_taifex},
    {"synth", "made-up loads, seeded", sj_convert_command_synth},
};

int sj_cmd_convert(int argc, char **argv)
{
    return sj_command_dispatch("convert", formats, sizeof formats / sizeof formats[0], argc, argv);
}
