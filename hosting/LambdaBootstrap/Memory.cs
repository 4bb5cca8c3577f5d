using System.Globalization;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>The most memory that a process has held: the kernel's own mark, read while the process lives.</summary>
internal sealed class Memory : IDisposable
{
    private readonly string _status;
    private readonly Timer _timer;
    private long _peak;

    public Memory(int process, TimeSpan interval)
    {
        _status = $"/proc/{process}/status";
        _timer = new Timer(_ => Sample(), null, TimeSpan.Zero, interval);
    }

    public long PeakBytes => Interlocked.Read(ref _peak);

    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        try
        {
            if (File.ReadLines(_status).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line)
                Interlocked.Exchange(
                    ref _peak, 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It has ended: the last sample stands.
        }
    }
}
