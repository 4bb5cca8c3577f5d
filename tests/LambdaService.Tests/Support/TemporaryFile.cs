namespace BoxerMpi.LambdaService.Tests.Support;

/// <summary>A path that nothing is at yet, in a folder that goes away with the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("boxer-test-");

    // Not below the system's /tmp as functions with a /tmp of their own would not see it.
    public TemporaryFile()
    {
        _folder.Delete();
        _folder = Directory.CreateDirectory(System.IO.Path.Combine("/var/tmp", _folder.Name));
    }

    public string Path => System.IO.Path.Combine(_folder.FullName, "file");

    public void Dispose() => _folder.Delete(recursive: true);
}
