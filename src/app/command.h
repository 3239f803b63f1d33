/*
 * command.h: the subcommands. Each lives in a file of its own, app/cmd_<name>.c, and is a `main`:
 * it parses its arguments with cli.h and returns an enum sj_exit.
 */
#ifndef SJ_APP_COMMAND_H
#define SJ_APP_COMMAND_H

struct sj_command {
    const char *name;
    const char *summary;
    int (*main)(int argc, char **argv);
};

extern const struct sj_command sj_commands[];
extern const unsigned sj_command_count;

/* Runs argv[1] out of a table of a command's own subcommands ("journal ls"). Prints their list for
 * --help or nothing, one line and exit code 2 for an unknown one. */
int sj_command_dispatch(const char *group, const struct sj_command *table, unsigned count, int argc,
                        char **argv);

int sj_cmd_run(int argc, char **argv);
int sj_cmd_demo(int argc, char **argv);
int sj_cmd_broker_sim(int argc, char **argv);
int sj_cmd_store(int argc, char **argv);
int sj_cmd_query(int argc, char **argv);
int sj_cmd_journal(int argc, char **argv);
int sj_cmd_audit(int argc, char **argv);
int sj_cmd_convert(int argc, char **argv);
int sj_cmd_replay(int argc, char **argv);
int sj_cmd_backtest(int argc, char **argv);
int sj_cmd_kill(int argc, char **argv);
int sj_cmd_resume(int argc, char **argv);
int sj_cmd_panic(int argc, char **argv);
int sj_cmd_stat(int argc, char **argv);
int sj_cmd_top(int argc, char **argv);
int sj_cmd_doctor(int argc, char **argv);
int sj_cmd_bench(int argc, char **argv);
int sj_cmd_completion(int argc, char **argv);
int sj_cmd_manual(int argc, char **argv);

#endif
