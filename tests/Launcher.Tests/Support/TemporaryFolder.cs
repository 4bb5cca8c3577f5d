namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("boxer-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes an executable file.</summary>
    public string Script(string name, string text)
    {
        string path = File(name);
        System.IO.File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
