using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Launching.Programs;

namespace BoxerMpi.Launcher.Tests;

/// <summary>What makes a project be built again.</summary>
public sealed class ProjectInputsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _project;

    public ProjectInputsTests()
    {
        Write("Directory.Build.props", "<Project/>");
        Write("shared/Linked.cs", "");
        Write("library/library.csproj", "<Project/>");
        Write("library/deep/Code.cs", "");
        Write("app/Program.cs", "");
        _project = Write("app/app.csproj", """
            <Project>
              <ItemGroup>
                <ProjectReference Include="..\library\library.csproj" />
                <Compile Include="../shared/*.cs" />
                <PackageReference Include="Some.Package" />
              </ItemGroup>
            </Project>
            """);
    }

    [Theory]
    [InlineData("app/Program.cs")]
    [InlineData("app/app.csproj")]
    [InlineData("app/New.cs")]
    [InlineData("library/deep/Code.cs")]
    [InlineData("library/library.csproj")]
    [InlineData("shared/Linked.cs")]
    [InlineData("Directory.Build.props")]
    public void A_change_of_an_input_changes_the_stamp(string path)
    {
        string before = Stamp();
        Write(path, "<Project> </Project>");
        Assert.NotEqual(before, Stamp());
    }

    [Theory]
    [InlineData("app/bin/out.dll")]
    [InlineData("app/obj/app.cs")]
    [InlineData("app/.git/index")]
    [InlineData("elsewhere/Code.cs")]
    public void Other_files_do_not_change_the_stamp(string path)
    {
        string before = Stamp();
        Write(path, "new");
        Assert.Equal(before, Stamp());
    }

    [Fact]
    public void A_deleted_source_changes_the_stamp()
    {
        string before = Stamp();
        File.Delete(_folder.File("library/deep/Code.cs"));
        Assert.NotEqual(before, Stamp());
    }

    [Fact]
    public void Programs_that_share_a_library_share_its_build()
    {
        ProjectInputs inputs = ProjectInputs.Of(_project);
        Assert.Equal(2, inputs.Projects.Count);
        ProgramCache cache = ProgramCache.For(_project, inputs.Projects, new BuildKind(false, "Release"));
        Assert.StartsWith(_folder.File("obj/boxer/"), cache.Root, StringComparison.Ordinal);
        Assert.EndsWith("-release-r2r", cache.Root, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_is_found_by_the_stamp_of_its_inputs()
    {
        ProgramCache cache = ProgramCache.For(_project, ProjectInputs.Of(_project).Projects, new BuildKind(true, "Debug"));
        Assert.Null(cache.Find("one"));
        File.WriteAllText(Path.Combine(cache.Stage(), "program"), "");
        string path = cache.Commit("one", "program");
        Assert.Equal(path, cache.Find("one"));
        Assert.True(File.Exists(path));
        Assert.Null(cache.Find("two"));
    }

    public void Dispose() => _folder.Dispose();

    private string Stamp() => ProjectInputs.Of(_project).Stamp("");

    private string Write(string name, string text)
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
