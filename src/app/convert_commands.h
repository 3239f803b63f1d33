/*
 * convert_commands.h: the subcommands of `shijim convert`, one for each format of the input.
 */
#ifndef SJ_APP_CONVERT_COMMANDS_H
#define SJ_APP_CONVERT_COMMANDS_H

int sj_convert_command_jsonl(int argc, char **argv);
int sj_convert_command_binance(int argc, char **argv);
int sj_convert_command_csv(int argc, char **argv);
int sj_convert_command_journal(int argc, char **argv);
int sj_convert_command_synth(int argc, char **argv);
int sj_convert_command_taifex(int argc, char **argv);

#endif
