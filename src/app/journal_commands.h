/* journal_commands.h: the halves of `shijim journal` that look at files rather than at events. */
#ifndef SJ_APP_JOURNAL_COMMANDS_H
#define SJ_APP_JOURNAL_COMMANDS_H

int sj_journal_ls(int argc, char **argv);
int sj_journal_verify_command(int argc, char **argv);
int sj_journal_repair_command(int argc, char **argv);

#endif
