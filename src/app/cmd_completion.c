#include "app/command.h"
#include "base/cli.h"

#include <stdio.h>
#include <string.h>

static void print_names(const char *separator)
{
    for (unsigned i = 0; i < sj_command_count; i++)
        printf("%s%s", i ? separator : "", sj_commands[i].name);
}

/* Options are asked of the program itself, so that the script never goes stale. */
static void print_bash(void)
{
    printf("_shijim() {\n    local cur=${COMP_WORDS[COMP_CWORD]}\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '");
    print_names(" ");
    printf("' -- \"$cur\"))\n    elif [[ $cur == -* ]]; then\n"
           "        local options\n"
           "        options=$(shijim \"${COMP_WORDS[1]}\" --help 2>/dev/null | grep -o -- "
           "'--[a-z][a-z-]*')\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
           "    else\n        COMPREPLY=($(compgen -f -- \"$cur\"))\n    fi\n}\n"
           "complete -F _shijim shijim\n");
}

static void print_zsh(void)
{
    printf("#compdef shijim\nlocal -a commands\ncommands=(\n");
    for (unsigned i = 0; i < sj_command_count; i++)
        printf("  '%s:%s'\n", sj_commands[i].name, sj_commands[i].summary);
    printf(")\nif (( CURRENT == 2 )); then\n  _describe command commands\nelse\n"
           "  local -a options\n"
           "  options=(${(f)\"$(shijim $words[2] --help 2>/dev/null | grep -o -- "
           "'--[a-z][a-z-]*')\"})\n"
           "  _alternative \"options:option:($options)\" 'files:file:_files'\nfi\n");
}

static void print_fish(void)
{
    for (unsigned i = 0; i < sj_command_count; i++)
        printf("complete -c shijim -n __fish_use_subcommand -a %s -d '%s'\n", sj_commands[i].name,
               sj_commands[i].summary);
}

int sj_cmd_completion(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "completion",
        .arguments = "bash|zsh|fish",
        .summary = "Prints the completion script of a shell.",
        .example = "shijim completion bash > ~/.local/share/bash-completion/completions/shijim",
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    if (!strcmp(cli.values[0], "bash"))
        print_bash();
    else if (!strcmp(cli.values[0], "zsh"))
        print_zsh();
    else if (!strcmp(cli.values[0], "fish"))
        print_fish();
    else
        return sj_cli_fail(&cli, SJ_EXIT_USER, "knows bash, zsh and fish, not '%s'", cli.values[0]);
    return SJ_EXIT_DONE;
}
