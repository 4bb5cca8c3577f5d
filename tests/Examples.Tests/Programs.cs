using System.Diagnostics;
using System.Text;

namespace Examples.Tests;

/// <summary>Starts examples through the launcher, as a user does.</summary>
internal static class Programs
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    public static string DataFolder { get; } = Path.Combine(AppContext.BaseDirectory, "data");

    public static Task<Outcome> RunAsync(string example, int ranks, string topology, params string[] args) =>
        StartAsync(["run", "-n", $"{ranks}", "--topology", topology, "--timeout", "100", Path.Combine(AppContext.BaseDirectory, $"{example}.dll"), .. args]);

    private static async Task<Outcome> StartAsync(string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "boxer.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = Path.GetTempPath(),
        };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return new Outcome(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"boxer {string.Join(' ', arguments)} did not end within {Deadline.TotalSeconds} s.");
        }
    }
}

internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public void AssertExit(int expected) =>
        Assert.True(ExitCode == expected, $"Exit code {ExitCode} instead of {expected}.\n--- output\n{Output}\n--- error\n{Error}");
}
