using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Output;

/// <summary>How the output of a job is printed.</summary>
/// <param name="Style">Tags and time stamps.</param>
/// <param name="Files">Files of <c>--output-dir</c>.</param>
/// <param name="Closed">Called when nobody reads the launcher's standard output any more.</param>
internal sealed record OutputOptions(LineStyle Style, OutputFiles Files, Action Closed)
{
    /// <summary>What a rank's standard output and standard error come to.</summary>
    public (RankStream Output, RankStream Error) Open(int rank) => (StreamOf(rank, isError: false), StreamOf(rank, isError: true));

    /// <summary>Writes to the launcher's standard output and standard error.</summary>
    /// <param name="showsUnfinished">Whether a terminal shows lines before their end.</param>
    public OutputWriter Writer(bool showsUnfinished) => NativeMethods.IsUnix
        ? new OutputWriter(
            Style, bytes => Pipe.TryWrite(1, bytes), bytes => Pipe.TryWrite(2, bytes), TimeProvider.System,
            showsUnfinished && IsTerminal(1), showsUnfinished && IsTerminal(2))
        : new OutputWriter(
            Style, bytes => TryWrite(Console.OpenStandardOutput(), bytes), bytes => TryWrite(Console.OpenStandardError(), bytes),
            TimeProvider.System);

    private RankStream StreamOf(int rank, bool isError) => new(
        isError, Style.TagOf(rank, LineStyle.WantsColour(IsTerminal(isError ? 2 : 1))), Files.Open(rank, isError ? "err" : "out"));

    private static bool IsTerminal(int descriptor) => NativeMethods.IsUnix && NativeMethods.IsTerminal(descriptor) == 1;

    private static bool TryWrite(Stream sink, ReadOnlySpan<byte> bytes)
    {
        try
        {
            sink.Write(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
