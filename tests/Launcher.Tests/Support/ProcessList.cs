using System.Globalization;

namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>Looks at processes that are not the test's children, so that only the process table tells about them.</summary>
internal static class ProcessList
{
    /// <summary>The state letter of a process, or null when there is none.</summary>
    public static char? State(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static bool IsAlive(int id) => State(id) is not (null or 'Z' or 'X');

    /// <summary>Waits until none of them lives.</summary>
    public static Task GoneAsync(params IEnumerable<int> ids) =>
        UntilAsync(() => !ids.Any(IsAlive), () => $"still there: {string.Join(", ", ids.Where(IsAlive))}");

    /// <summary>Asks the process table again and again, as it gives no notice.</summary>
    public static async Task UntilAsync(Func<bool> condition, Func<string> otherwise)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Boxer.Deadline);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail(otherwise());
            }
        }
    }

    /// <summary>The number behind a word in a line such as <c>[1] pid 1234</c>.</summary>
    public static int IdIn(string line) => int.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);

    /// <summary>Children of a process whose command line has a word in it.</summary>
    public static IEnumerable<int> ChildrenOf(int parent, string word)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id))
                continue;
            string stat, command;
            try
            {
                stat = File.ReadAllText(folder + "/stat");
                command = File.ReadAllText(folder + "/cmdline");
            }
            catch (IOException)
            {
                continue;
            }

            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (int.Parse(fields[1], CultureInfo.InvariantCulture) == parent && command.Contains(word, StringComparison.Ordinal))
                yield return id;
        }
    }
}
