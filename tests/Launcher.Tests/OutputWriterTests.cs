using System.Text;
using BoxerMpi.Launching.Output;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Unfinished lines on a terminal, which standard output and standard error share.</summary>
public sealed class OutputWriterTests
{
    private readonly StringBuilder _screen = new();
    private readonly ManualClock _clock = new();

    [Fact]
    public void An_unfinished_line_shows_after_a_pause_and_goes_on_without_a_tag()
    {
        OutputWriter writer = Writer();
        using RankStream rank = Stream(0);
        Write(writer, rank, "10%");
        Assert.Equal("", Screen(writer));
        _clock.Pass(OutputWriter.Pause);
        Assert.Equal("[0] 10%", Screen(writer));
        Write(writer, rank, " 20%");
        Assert.Equal("[0] 10% 20%", Screen(writer));
        Write(writer, rank, " done\nnext\n");
        Assert.Equal("[0] 10% 20% done\n[0] next\n", Screen(writer));
    }

    [Fact]
    public void A_line_that_is_finished_in_time_is_whole()
    {
        OutputWriter writer = Writer();
        using RankStream rank = Stream(0);
        Write(writer, rank, "a");
        Assert.InRange(writer.ShowUnfinished(), 1, (int)OutputWriter.Pause.TotalMilliseconds);
        Write(writer, rank, "b\n");
        Assert.Equal(-1, writer.ShowUnfinished());
        Assert.Equal("[0] ab\n", Screen(writer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_line_begins_on_a_line_of_its_own(bool isError)
    {
        OutputWriter writer = Writer();
        using RankStream rank = Stream(0);
        using RankStream other = Stream(1, isError);
        Write(writer, rank, "half");
        _clock.Pass(OutputWriter.Pause);
        _ = Screen(writer);
        Write(writer, other, "whole\n");
        Assert.Equal("[0] half\n[1] whole\n", Screen(writer));
        Write(writer, rank, " rest\n");
        Assert.Equal("[0] half\n[1] whole\n[0]  rest\n", Screen(writer));
    }

    [Fact]
    public void The_end_of_a_line_that_was_interrupted_is_no_empty_line()
    {
        OutputWriter writer = Writer();
        using RankStream rank = Stream(0);
        Write(writer, rank, "half");
        _clock.Pass(OutputWriter.Pause);
        _ = Screen(writer);
        writer.Say("boxer: word");
        Write(writer, rank, "\n\nlast");
        writer.End(rank);
        Assert.Equal("[0] half\nboxer: word\n[0] \n[0] last\n", Screen(writer));
    }

    [Fact]
    public void What_is_entered_behind_a_prompt_ends_its_line()
    {
        OutputWriter writer = Writer();
        using RankStream rank = Stream(0);
        Write(writer, rank, "name: ");
        _clock.Pass(OutputWriter.Pause);
        _ = Screen(writer);
        _screen.Append("Bob\n");
        writer.Entered();
        Write(writer, rank, "hello Bob\n");
        Assert.Equal("[0] name: Bob\n[0] hello Bob\n", Screen(writer));
    }

    [Fact]
    public void A_shown_part_ends_with_a_whole_character()
    {
        OutputWriter writer = Writer();
        using RankStream rank = Stream(0);
        writer.Accept(rank, [0x61, 0xE2, 0x82]);
        _clock.Pass(OutputWriter.Pause);
        Assert.Equal("[0] a", Screen(writer));
        writer.Accept(rank, [0xAC]);
        Assert.Equal("[0] a\u20ac", Screen(writer));
        writer.End(rank);
        Assert.Equal("[0] a\u20ac\n", Screen(writer));
    }

    [Fact]
    public void Off_a_terminal_lines_stay_whole()
    {
        OutputWriter writer = Writer(isTerminal: false);
        using RankStream rank = Stream(0);
        Write(writer, rank, "half");
        _clock.Pass(OutputWriter.Pause);
        Assert.Equal(-1, writer.ShowUnfinished());
        Assert.Equal("", Screen(writer));
        writer.End(rank);
        Assert.Equal("[0] half\n", Screen(writer));
    }

    private OutputWriter Writer(bool isTerminal = true) =>
        new(new LineStyle(Tag: true, Timestamp: false), Take, Take, _clock, isTerminal, isTerminal);

    private static RankStream Stream(int rank, bool isError = false) => new(isError, Encoding.ASCII.GetBytes($"[{rank}] "), null);

    private static void Write(OutputWriter writer, RankStream stream, string text) => writer.Accept(stream, Encoding.UTF8.GetBytes(text));

    private string Screen(OutputWriter writer)
    {
        _ = writer.ShowUnfinished();
        writer.Flush();
        return _screen.ToString();
    }

    private bool Take(ReadOnlySpan<byte> bytes)
    {
        _screen.Append(Encoding.UTF8.GetString(bytes));
        return true;
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Pass(TimeSpan time) => _now += time.Ticks;
    }
}
