using System.Buffers;
using System.Globalization;
using System.Text;

namespace BoxerMpi.Launcher.Output;

/// <summary>Where finished bytes go; false when nobody reads there any more.</summary>
internal delegate bool ByteSink(ReadOnlySpan<byte> bytes);

/// <summary>Puts whole lines of all ranks, and the launcher's own, on standard output and standard error.</summary>
/// <remarks>Not thread-safe: the one thread that reads the ranks' pipes writes as well, which is why lines never mix.</remarks>
internal sealed class OutputWriter(LineStyle style, ByteSink standardOutput, ByteSink standardError, TimeProvider clock)
{
    private readonly Lane _output = new(standardOutput);
    private readonly Lane _error = new(standardError);

    /// <summary>Whether the reader of standard output has gone away, as in <c>boxer run … | head</c>.</summary>
    public bool OutputClosed => _output.Closed;

    public void Accept(RankStream stream, ReadOnlySpan<byte> bytes)
    {
        stream.Keep(bytes);
        stream.Lines.Feed(bytes, line => WriteLine(stream, line));
    }

    public void End(RankStream stream)
    {
        stream.Lines.End(line => WriteLine(stream, line));
        stream.Dispose();
    }

    /// <summary>A line of the launcher's own, on standard error.</summary>
    public void Say(string text)
    {
        _error.Buffer.Write(Encoding.UTF8.GetBytes(text));
        _error.Buffer.Write("\n"u8);
    }

    public void Flush()
    {
        _error.Flush();
        _output.Flush();
    }

    private void WriteLine(RankStream stream, ReadOnlySpan<byte> line)
    {
        Lane lane = stream.IsError ? _error : _output;
        lane.Buffer.Write(stream.Tag);
        if (style.Timestamp)
        {
            Span<byte> stamp = stackalloc byte[32];
            if (clock.GetUtcNow().TryFormat(stamp, out int length, "yyyy-MM-ddTHH:mm:ss.fffZ ", CultureInfo.InvariantCulture))
                lane.Buffer.Write(stamp[..length]);
        }

        lane.Buffer.Write(line);
        lane.Buffer.Write("\n"u8);

        // Lines leave by the batch, yet a batch stays small enough not to hold much of a fast rank's output.
        if (lane.Buffer.WrittenCount > 256 * 1024)
            lane.Flush();
    }

    private sealed class Lane(ByteSink sink)
    {
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

/// <summary>One of the two output streams of a rank.</summary>
internal sealed class RankStream(bool isError, byte[] tag, Stream? file) : IDisposable
{
    public bool IsError => isError;

    public ReadOnlySpan<byte> Tag => tag;

    public LineAssembler Lines { get; } = new();

    /// <summary>Why the rank's file could not be written to the end; null while all is well.</summary>
    public string? FileError { get; private set; }

    /// <summary>Writes to the rank's own file, byte for byte as it came.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        if (file is null || FileError is not null)
            return;

        try
        {
            file.Write(bytes);
        }
        catch (IOException failure)
        {
            // A full disk must not stop the job: the output still goes to the terminal.
            FileError = failure.Message;
        }
    }

    public void Dispose() => file?.Dispose();
}
