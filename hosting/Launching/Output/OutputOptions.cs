using System.Text;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Output;

/// <summary>How the output of a job is printed.</summary>
/// <param name="Style">Tags and time stamps.</param>
/// <param name="Files">Files of <c>--output-dir</c>.</param>
internal sealed record OutputOptions(LineStyle Style, OutputFiles Files)
{
    /// <summary>Gets the ranks' standard output; null for this process's own.</summary>
    public Stream? StandardOutput { get; init; }

    /// <summary>Gets the ranks' standard error, and the launcher's own lines; null for this process's own.</summary>
    public Stream? StandardError { get; init; }

    /// <summary>Called when nobody reads the ranks' standard output any more.</summary>
    public Action Closed { get; init; } = static () => { };

    /// <summary>What a rank's standard output and standard error come to.</summary>
    public (RankStream Output, RankStream Error) Open(int rank) => (StreamOf(rank, isError: false), StreamOf(rank, isError: true));

    /// <param name="showsUnfinished">Whether a terminal shows lines before their end.</param>
    public OutputWriter Writer(bool showsUnfinished) => new(
        Style, SinkOf(isError: false), SinkOf(isError: true), TimeProvider.System,
        showsUnfinished && IsTerminal(isError: false), showsUnfinished && IsTerminal(isError: true));

    /// <summary>A line of the launcher's own, once the writer has done its work.</summary>
    public void Say(string text) => _ = SinkOf(isError: true)(Encoding.UTF8.GetBytes(text + "\n"));

    private RankStream StreamOf(int rank, bool isError) =>
        new(isError, Style.TagOf(rank, LineStyle.WantsColour(IsTerminal(isError))), Files.Open(rank, isError ? "err" : "out"));

    private ByteSink SinkOf(bool isError)
    {
        if ((isError ? StandardError : StandardOutput) is { } given)
            return bytes => TryWrite(given, bytes);
        int descriptor = isError ? 2 : 1;
        return NativeMethods.IsUnix
            ? bytes => Pipe.TryWrite(descriptor, bytes)
            : bytes => TryWrite(isError ? Console.OpenStandardError() : Console.OpenStandardOutput(), bytes);
    }

    private bool IsTerminal(bool isError) =>
        (isError ? StandardError : StandardOutput) is null && NativeMethods.IsUnix && NativeMethods.IsTerminal(isError ? 2 : 1) == 1;

    private static bool TryWrite(Stream sink, ReadOnlySpan<byte> bytes)
    {
        try
        {
            sink.Write(bytes);
            return true;
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            return false;
        }
    }
}
