using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>The exit code of a job of programs that use no MPI, and what is said about it.</summary>
public sealed class ExitCodeTests
{
    [Fact]
    public async Task A_program_without_MPI_runs_as_often_as_there_are_ranks()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "4", "--", "hostname")).ExitsWith(0);
        Assert.Equal(4, result.Output.Count);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task The_lowest_failing_rank_gives_the_exit_code()
    {
        // Rank 3 fails first: the file that it makes lets rank 1 go on.
        using TemporaryFolder folder = new();
        string script = $"case $BOXER_RANK in 3) touch {folder.File("go")}; exit 7;; 1) while [ ! -e {folder.File("go")} ]; do sleep 0.01; done; exit 5;; esac";
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "4", "--", "sh", "-c", script)).ExitsWith(5);
        Assert.Contains("rank 1 exited with code 5", result.Error[0], StringComparison.Ordinal);
        Assert.Contains(result.Error, line => line.Contains("rank 3: exit code 7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_failing_rank_does_not_end_others_that_do_not_depend_on_it()
    {
        BoxerResult result =
            (await Boxer.RunAsync("run", "-n", "3", "--", "sh", "-c", "[ $BOXER_RANK = 0 ] && exit 9; sleep 0.3; echo done")).ExitsWith(9);
        Assert.Equal(["[1] done", "[2] done"], result.Output.Order());
    }

    [Fact]
    public async Task A_rank_killed_by_a_signal_counts_128_more()
    {
        BoxerResult result =
            (await Boxer.RunAsync("run", "-n", "2", "--", "sh", "-c", "[ $BOXER_RANK = 1 ] && kill -SEGV $$; exit 0")).ExitsWith(139);
        Assert.Contains("rank 1 was killed by SIGSEGV (exit code 139)", result.Error[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_failures_are_summed_up()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "8", "--", "sh", "-c", "exit 3")).ExitsWith(3);
        Assert.Equal(["boxer: rank 0 exited with code 3", "boxer: ranks 1-7: exit code 3"], result.Error);
    }

    [Fact]
    public async Task A_file_that_cannot_be_executed_is_a_launch_failure()
    {
        using TemporaryFolder folder = new();
        string path = folder.Script("program", "#!/no/such/interpreter\n");
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", path)).ExitsWith(1);
        Assert.Contains("interpreter", Assert.Single(result.Error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_without_interpreter_line_runs_under_sh()
    {
        using TemporaryFolder folder = new();
        string path = folder.Script("script", "echo \"script $1\"\n");
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "1", path, "argument")).ExitsWith(0);
        Assert.Equal(["[0] script argument"], result.Output);
    }

    [Fact]
    public async Task A_job_over_its_time_shows_each_rank_and_ends_with_124()
    {
        await using Boxer boxer = Boxer.Start(
            "run", "-n", "3", "--timeout", "1", "--grace", "0.2", "--", "sh", "-c",
            "[ $BOXER_RANK = 2 ] && exit 0; trap '' TERM; echo $$; while :; do sleep 0.05; done");
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(124);
        Assert.Contains("did not end within 1 s", result.Error[0], StringComparison.Ordinal);
        Assert.Matches("rank 0: running, has not joined the job, pid [0-9]+", result.Error[1]);
        Assert.Matches("rank 1: running", result.Error[2]);
        Assert.Matches(@"rank 2: ended after [0-9.]+ s \(exit code 0\)", result.Error[3]);
        await ProcessList.GoneAsync(result.Output.Select(ProcessList.IdIn));
    }
}
