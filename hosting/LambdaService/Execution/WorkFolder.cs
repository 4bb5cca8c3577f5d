using System.Text.RegularExpressions;
using BoxerMpi.Transport;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>The folder in which a service keeps code, logs and what environments write: its owner's alone, and gone with the service.</summary>
internal sealed partial class WorkFolder : IDisposable
{
    private const string NamePrefix = "boxer-lambda-";

    // Held for as long as the service lives, in whatever container it does: process ids mean nothing between those.
    private const string LockName = "lock";

    private readonly FileStream _lock;

    private WorkFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <summary>The last part of the path, which no other service has.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <param name="parent">Where it is made; others may write there too.</param>
    public static WorkFolder Create(string parent)
    {
        string name = $"{NamePrefix}{Environment.ProcessId}-{Guid.NewGuid().ToString()[..8]}";
        string path = PrivateFiles.CreateFolder(System.IO.Path.Combine(parent, name));
        return new WorkFolder(path, PrivateFiles.Open(System.IO.Path.Combine(path, LockName), FileMode.CreateNew, FileShare.None));
    }

    /// <summary>
    /// Removes what services of this user that were killed have left. Folders of others are left alone, as root too: whatever a stranger
    /// gives such a name is none of ours.
    /// </summary>
    public static void Sweep(string parent)
    {
        foreach (string path in Directory.EnumerateDirectories(parent, NamePrefix + "*"))
        {
            try
            {
                if (!NameForm().IsMatch(System.IO.Path.GetFileName(path)) || !PrivateFiles.IsOwnFolder(path))
                    continue;
                using FileStream held = PrivateFiles.Open(System.IO.Path.Combine(path, LockName), FileMode.Open, FileShare.None);
                Directory.Delete(path, recursive: true);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Its service runs, another one sweeps as well, or no service has made it.
            }
        }
    }

    public void Dispose()
    {
        using FileStream held = _lock;
        Directory.Delete(Path, recursive: true);
    }

    [GeneratedRegex(@"^boxer-lambda-[0-9]+-[0-9a-f]{8}\z")]
    private static partial Regex NameForm();
}
