using System.Text.Json;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>The program that was deployed along with this bootstrap.</summary>
internal sealed record DeployedProgram(string File)
{
    private const string ManifestFile = "boxer.json";

    /// <exception cref="RankFailedException">The deployment is not one of boxer's.</exception>
    public static DeployedProgram Read(string folder)
    {
        string path = Path.Combine(folder, ManifestFile);
        Manifest? manifest = null;
        try
        {
            manifest = JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(path), MessagesJson.Default.Manifest);
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            // Told below.
        }

        if (manifest is null)
            throw new RankFailedException(
                "Boxer.Deployment", $"{ManifestFile} is not beside the bootstrap: deploy with boxer lambda deploy.");
        string file = Path.Combine(folder, manifest.Program);
        return System.IO.File.Exists(file)
            ? new DeployedProgram(file)
            : throw new RankFailedException(
                "Boxer.Deployment", $"The program {manifest.Program} is not beside the bootstrap: deploy with boxer lambda deploy.");
    }
}
