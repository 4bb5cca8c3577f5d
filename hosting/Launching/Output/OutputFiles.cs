using System.Globalization;

namespace BoxerMpi.Launching.Output;

/// <summary>The files of <c>--output-dir</c>: <c>rank-00.out</c> and <c>rank-00.err</c> for each rank, padded so that they sort.</summary>
internal sealed class OutputFiles
{
    private readonly string? _folder;
    private readonly string _format;

    /// <summary>Makes the folder; a null folder keeps no files.</summary>
    /// <exception cref="UsageException">It cannot be made or written.</exception>
    public OutputFiles(string? folder, int size)
    {
        _folder = folder;
        _format = "D" + Math.Max(2, (size - 1).ToString(CultureInfo.InvariantCulture).Length).ToString(CultureInfo.InvariantCulture);
        if (folder is null)
            return;

        try
        {
            Directory.CreateDirectory(folder);
            Open(0, "out")!.Dispose();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"--output-dir {folder}: cannot write there ({failure.Message})", "name a folder that you may write to");
        }
    }

    public Stream? Open(int rank, string extension) => _folder is null
        ? null
        : new FileStream(
            Path.Combine(_folder, $"rank-{rank.ToString(_format, CultureInfo.InvariantCulture)}.{extension}"),
            FileMode.Create,
            FileAccess.Write,
            FileShare.ReadWrite,
            bufferSize: 0);
}
