using System.Buffers;
using System.Globalization;
using System.Text;

namespace BoxerMpi.Launching.Output;

/// <summary>Where finished bytes go; false when nobody reads there any more.</summary>
internal delegate bool ByteSink(ReadOnlySpan<byte> bytes);

/// <summary>Puts whole lines of all ranks, and the launcher's own, on standard output and standard error.</summary>
/// <remarks>
/// Not thread-safe: the one thread that reads the ranks' pipes writes as well, which is why lines never mix.
/// On a terminal a line that is not finished shows after a pause, without its newline. The cursor then stands in that line: what its rank
/// writes next goes on there, and anything else begins a new line first.
/// </remarks>
internal sealed class OutputWriter
{
    /// <summary>How long an unfinished line waits for its end before a terminal shows it.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly LineStyle _style;
    private readonly TimeProvider _clock;
    private readonly Lane _output;
    private readonly Lane _error;

    // Streams with an unfinished line that is not shown yet, and since when.
    private readonly Dictionary<RankStream, long> _unfinished = [];

    // Whose line the cursor stands in.
    private RankStream? _open;
    private int _entered;

    /// <param name="style">What stands before lines.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="clock">For time stamps and pauses.</param>
    /// <param name="isOutputTerminal">Whether people look at standard output as it comes.</param>
    /// <param name="isErrorTerminal">The same of standard error.</param>
    public OutputWriter(
        LineStyle style, ByteSink output, ByteSink error, TimeProvider clock, bool isOutputTerminal = false, bool isErrorTerminal = false)
    {
        _style = style;
        _clock = clock;
        _output = new Lane(output, isOutputTerminal && !style.IsRaw);
        _error = new Lane(error, isErrorTerminal && !style.IsRaw);
    }

    /// <summary>Whether the reader of standard output has gone away, as in <c>boxer run … | head</c>.</summary>
    public bool OutputClosed => _output.Closed;

    public void Accept(RankStream stream, ReadOnlySpan<byte> bytes)
    {
        stream.Keep(bytes);
        Lane lane = LaneOf(stream);
        if (_style.IsRaw)
        {
            lane.Buffer.Write(bytes);
            return;
        }

        NoticeEntered();
        stream.Lines.Feed(bytes, line => WriteLine(stream, line));
        if (!lane.IsTerminal)
            return;
        if (bytes.Contains((byte)'\n'))
            _unfinished.Remove(stream);
        if (_open == stream)
            Show(stream);
        else if (stream.Lines.HasUnfinished)
            _unfinished.TryAdd(stream, _clock.GetTimestamp());
    }

    public void End(RankStream stream)
    {
        NoticeEntered();
        _unfinished.Remove(stream);
        stream.Lines.End(line => WriteLine(stream, line));
        if (_open == stream)
            Break();
        stream.Dispose();
    }

    /// <summary>A line of the launcher's own, on standard error.</summary>
    public void Say(string text)
    {
        NoticeEntered();
        if (_error.IsTerminal)
            Break();
        _error.Buffer.Write(Encoding.UTF8.GetBytes(text));
        _error.Buffer.Write("\n"u8);
    }

    /// <summary>A line was entered at the terminal, whose echo has moved the cursor to the next one. On any thread.</summary>
    public void Entered() => Volatile.Write(ref _entered, 1);

    /// <summary>Shows the unfinished lines that have waited long enough.</summary>
    /// <returns>Milliseconds until the next one is due, or -1.</returns>
    public int ShowUnfinished()
    {
        if (_unfinished.Count == 0)
            return -1;

        NoticeEntered();
        TimeSpan next = Pause;
        foreach ((RankStream stream, long since) in _unfinished.OrderBy(entry => entry.Value).ToArray())
        {
            TimeSpan left = Pause - _clock.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                _unfinished.Remove(stream);
                Show(stream);
            }
            else if (left < next)
                next = left;
        }

        return _unfinished.Count == 0 ? -1 : (int)Math.Ceiling(next.TotalMilliseconds);
    }

    public void Flush()
    {
        _error.Flush();
        _output.Flush();
    }

    private void WriteLine(RankStream stream, ReadOnlySpan<byte> line)
    {
        Lane lane = LaneOf(stream);
        bool isBegun = stream.IsBegun;
        stream.IsBegun = false;
        if (_open == stream)
            _open = null;
        else if (isBegun && line.IsEmpty)
        {
            // Its newline came when another line had to be written.
            return;
        }
        else
            Begin(stream, lane);

        lane.Buffer.Write(line);
        lane.Buffer.Write("\n"u8);

        // Lines leave by the batch, yet a batch stays small enough not to hold much of a fast rank's output.
        if (lane.Buffer.WrittenCount > 256 * 1024)
            lane.Flush();
    }

    private void Show(RankStream stream) => stream.Lines.TakeUnfinished(part =>
    {
        // Both lanes may be one terminal, where this leaves the cursor in the middle of a line.
        Flush();
        Lane lane = LaneOf(stream);
        if (_open != stream)
            Begin(stream, lane);
        lane.Buffer.Write(part);
        lane.Flush();
        _open = stream;
        stream.IsBegun = true;
    });

    private void Begin(RankStream stream, Lane lane)
    {
        if (lane.IsTerminal)
            Break();
        lane.Buffer.Write(stream.Tag);
        if (!_style.Timestamp)
            return;
        Span<byte> stamp = stackalloc byte[32];
        if (_clock.GetUtcNow().TryFormat(stamp, out int length, "yyyy-MM-ddTHH:mm:ss.fffZ ", CultureInfo.InvariantCulture))
            lane.Buffer.Write(stamp[..length]);
    }

    /// <summary>Moves the cursor to a line of its own.</summary>
    private void Break()
    {
        if (_open is null)
            return;
        Lane lane = LaneOf(_open);
        lane.Buffer.Write("\n"u8);
        lane.Flush();
        _open = null;
    }

    private void NoticeEntered()
    {
        if (Interlocked.Exchange(ref _entered, 0) == 1)
            _open = null;
    }

    private Lane LaneOf(RankStream stream) => stream.IsError ? _error : _output;

    private sealed class Lane(ByteSink sink, bool isTerminal)
    {
        public bool IsTerminal => isTerminal;

        public ArrayBufferWriter<byte> Buffer { get; } = new(4096);

        public bool Closed { get; private set; }

        public void Flush()
        {
            if (Buffer.WrittenCount == 0)
                return;

            if (!Closed)
                Closed = !sink(Buffer.WrittenSpan);
            Buffer.ResetWrittenCount();
        }
    }
}
