namespace BoxerMpi.Launching.Output;

/// <summary>One of the two output streams of a rank.</summary>
internal sealed class RankStream(bool isError, byte[] tag, Stream? file) : IDisposable
{
    public bool IsError => isError;

    public ReadOnlySpan<byte> Tag => tag;

    public LineAssembler Lines { get; } = new();

    /// <summary>A part of its present line has been shown.</summary>
    public bool IsBegun { get; set; }

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
