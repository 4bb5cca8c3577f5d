using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>What the ranks' output looks like on the launcher's.</summary>
public sealed class OutputTests
{
    [Fact]
    public async Task Lines_carry_their_rank_and_streams_stay_apart()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "3", "--", "sh", "-c", "echo out $BOXER_RANK of $BOXER_SIZE; echo err $BOXER_RANK >&2")).ExitsWith(0);
        Assert.Equal(["[0] out 0 of 3", "[1] out 1 of 3", "[2] out 2 of 3"], result.Output.Order());
        Assert.Equal(["[0] err 0", "[1] err 1", "[2] err 2"], result.Error.Order());
    }

    [Fact]
    public async Task Lines_of_ranks_that_write_in_pieces_never_mix()
    {
        // Each line leaves in three writes, so pieces of all ranks alternate in time.
        const string Script =
            "i=0; while [ $i -lt 400 ]; do printf 'r%s ' $BOXER_RANK; printf 'line %s ' $i; printf 'end\\n'; i=$((i+1)); done";
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "4", "--", "sh", "-c", Script)).ExitsWith(0);
        Assert.Equal(1600, result.Output.Count);
        for (int rank = 0; rank < 4; rank++)
            Assert.Equal(Enumerable.Range(0, 400).Select(i => $"r{rank} line {i} end"), result.OutputOf(rank));
    }

    [Fact]
    public async Task A_last_line_without_newline_is_printed_as_a_line()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--", "printf", "no newline")).ExitsWith(0);
        Assert.Equal(["[0] no newline", "[1] no newline"], result.Output.Order());
    }

    [Fact]
    public async Task Lines_longer_than_any_pipe_stay_whole()
    {
        // 300,000 characters of two bytes: many times what a pipe or a read holds.
        const string Script = "head -c 300000 /dev/zero | sed 's/\\x00/\u00e9/g'; echo";
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--", "sh", "-c", Script)).ExitsWith(0);
        Assert.Equal(2, result.Output.Count);
        for (int rank = 0; rank < 2; rank++)
            Assert.Equal(new string('\u00e9', 300_000), Assert.Single(result.OutputOf(rank)));
    }

    [Fact]
    public async Task Without_tags_lines_are_as_the_program_wrote_them()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--no-tag", "--", "echo", "plain")).ExitsWith(0);
        Assert.Equal(["plain", "plain"], result.Output);
    }

    [Fact]
    public async Task A_time_stands_between_tag_and_line_when_asked_for()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "1", "--timestamp", "--", "echo", "now")).ExitsWith(0);
        Assert.Matches(@"^\[0\] \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z now$", Assert.Single(result.Output));
    }

    [Fact]
    public async Task There_are_no_escape_codes_when_nobody_watches()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--", "sh", "-c", "echo out; echo err >&2; exit 1")).ExitsWith(1);
        Assert.DoesNotContain(result.Output.Concat(result.Error), line => line.Contains('\e', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_rank_gets_files_with_exactly_what_it_wrote()
    {
        using TemporaryFolder folder = new();
        string target = folder.File("deep/logs");
        (await Boxer.RunAsync("run", "-n", "11", "--output-dir", target, "--", "sh", "-c", "printf 'out %s' $BOXER_RANK; echo err >&2")).ExitsWith(0);
        Assert.Equal(22, Directory.GetFiles(target).Length);
        Assert.Equal("out 3", await File.ReadAllTextAsync(Path.Combine(target, "rank-03.out"), TestContext.Current.CancellationToken));
        Assert.Equal("err\n", await File.ReadAllTextAsync(Path.Combine(target, "rank-10.err"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_reader_that_has_seen_enough_ends_the_job_as_a_pipeline_does()
    {
        await using Boxer boxer = Boxer.Start(
            "run", "-n", "2", "--", "sh", "-c",
            "exec " + Quote(Path.Combine(AppContext.BaseDirectory, "boxer")) + " run -n 2 -- yes | head -n 1");
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Equal(2, result.Output.Count);
    }

    [Fact]
    public async Task Raw_output_passes_through_byte_for_byte()
    {
        using TemporaryFolder folder = new();
        string target = folder.File("out");
        string[] run = ["sh", "-c", "exec \"$@\" > " + Quote(target), "sh", Path.Combine(AppContext.BaseDirectory, "boxer")];
        await using Boxer boxer = Boxer.Start("run", "-n", "1", "--no-tag", "--", run[0], run[1], run[2], run[3], run[4], "run", "-n", "1", "--output", "raw", "--", "printf", "a\\r\\377\\0\\nend");
        (await boxer.EndAsync()).ExitsWith(0);
        Assert.Equal("a\r\u00ff\0\nend", System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(target, TestContext.Current.CancellationToken)));
    }

    private static string Quote(string path) => "'" + path.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
