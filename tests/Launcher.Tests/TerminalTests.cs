using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>The launcher under an interactive shell: who gets what is typed, and what shows.</summary>
public sealed class TerminalTests
{
    [Fact]
    public async Task What_is_typed_goes_to_who_is_in_the_foreground()
    {
        await using Terminal terminal = await Terminal.OpenAsync();
        await terminal.TypeAsync("\"$boxer\" run -n 2 -- sh -c 'echo up; cat'\n");
        await terminal.SeeAsync("up\n");
        await terminal.SeeAsync("up\n");
        await terminal.TypeAsync("one\n");
        await terminal.SeeAsync("[0] one\n");

        await terminal.TypeAsync(Terminal.Suspend);
        await terminal.SeeAsync("Stopped");
        await terminal.TypeAsync("bg\necho after-b''g\n");
        await terminal.SeeAsync("after-bg\n");
        for (int line = 0; line < 4; line++)
        {
            await terminal.TypeAsync($"echo she''ll {line}\n");
            Assert.DoesNotContain("[0]", await terminal.SeeAsync($"shell {line}\n"), StringComparison.Ordinal);
        }

        await terminal.TypeAsync("fg\n");
        await terminal.SeeAsync("run -n 2");
        await terminal.TypeAsync("two\n");
        await terminal.SeeAsync("[0] two\n");
        await terminal.TypeAsync(Terminal.EndOfInput);
        await terminal.TypeAsync("echo co''de $?\n");
        await terminal.SeeAsync("code 0\n");
    }

    [Fact]
    public async Task A_job_that_was_started_in_the_background_reads_once_it_is_in_front()
    {
        await using Terminal terminal = await Terminal.OpenAsync();
        await terminal.TypeAsync("\"$boxer\" run -n 2 -- sh -c 'echo up; read -r line; echo got $line' &\n");
        await terminal.SeeAsync("up\n");
        await terminal.TypeAsync("echo she''ll\n");
        await terminal.SeeAsync("shell\n");

        // In one line: what is typed before the job has ended is the job's.
        await terminal.TypeAsync("fg; echo co''de $?\n");
        await terminal.SeeAsync("run -n 2");
        await terminal.TypeAsync("echo typed\n");
        await terminal.SeeAsync("[0] got echo typed\n");
        await terminal.SeeAsync("code 0\n");
    }

    [Fact]
    public async Task All_ranks_get_what_is_typed_when_told_so()
    {
        await using Terminal terminal = await Terminal.OpenAsync();
        await terminal.TypeAsync("\"$boxer\" run -n 2 --stdin all -- sh -c 'echo up; read -r line; echo \"$line\"'; echo co''de $?\n");
        await terminal.SeeAsync("up\n");
        await terminal.SeeAsync("up\n");
        await terminal.TypeAsync("word\n");
        await terminal.SeeAsync("] word\n");
        await terminal.SeeAsync("] word\n");
        await terminal.SeeAsync("code 0\n");
    }

    [Fact]
    public async Task What_is_typed_after_the_readers_end_is_for_the_shell()
    {
        using TemporaryFolder folder = new();
        string closed = folder.File("closed"), go = folder.File("go");
        string program = folder.Script("program", $$"""
            #!/bin/sh
            wait_for() { until test -e "$1"; do sleep 0.05; done; }
            if test $BOXER_RANK = 0; then exec < /dev/null; : > {{closed}}; else wait_for {{closed}}; echo up; fi
            wait_for {{go}}

            """);
        await using Terminal terminal = await Terminal.OpenAsync();
        await terminal.TypeAsync($"\"$boxer\" run -n 2 -- {program}\n");
        await terminal.SeeAsync("up\n");
        await terminal.TypeAsync("echo for the she''ll\n");
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await terminal.SeeAsync("for the shell\n");
    }

    [Fact]
    public async Task A_prompt_and_progress_show_before_their_newline()
    {
        await using Terminal terminal = await Terminal.OpenAsync();
        await terminal.TypeAsync("\"$boxer\" run -n 1 -- sh -c 'printf name:; read -r n; printf \"hello %s\" $n; read -r n; echo \" bye\"'; echo co''de $?\n");
        await terminal.SeeAsync("[0] name:");
        await terminal.TypeAsync("Bob\n");
        await terminal.SeeAsync("[0] hello Bob");
        await terminal.TypeAsync("\n");
        await terminal.SeeAsync("[0]  bye\ncode 0\n");
    }

    [Fact]
    public async Task Raw_output_shows_at_once_and_untouched()
    {
        await using Terminal terminal = await Terminal.OpenAsync();
        await terminal.TypeAsync("\"$boxer\" run -n 1 --output raw -- sh -c 'printf \"name: \"; read -r n; echo \"hello $n\"'; echo co''de $?\n");
        Assert.DoesNotContain("[0]", await terminal.SeeAsync("name: "), StringComparison.Ordinal);
        await terminal.TypeAsync("Bob\n");
        await terminal.SeeAsync("hello Bob\ncode 0\n");
    }
}
