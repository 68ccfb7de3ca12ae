package webapp

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// routes is the whole URL surface, behind the gates of gates.go.
//
// A HEAD must change nothing (RFC 9110 section 9.3.2), so only pages that just
// look accept it, and it does not count as a visit.
func (a *App) routes() http.Handler {
	engine := a.engine()
	engine.GET("/healthz", a.health)
	engine.HEAD("/healthz", a.health)

	pages := engine.Group("/", a.gate(a.knowsHost), a.refuseAhead)
	a.routeReading(pages.Group("/", a.gate(a.mayRead)))
	a.routeChanges(pages.Group("/", a.gate(a.mayChange), a.gate(a.isLoggedIn), a.gate(a.isConfirmed), a.recordVisit))
	if a.password != nil {
		pages.GET("/login", a.page(a.login))
		pages.POST("/login", a.gate(a.isOwn), a.page(a.logIn))
		pages.POST("/logout", a.gate(a.isOwn), a.page(a.logOut))
	}
	return engine
}

// routeReading routes the pages that change nothing.
func (a *App) routeReading(pages *gin.RouterGroup) {
	for path, handler := range map[string]func(*gin.Context) (reply, error){
		"/": a.home, "/listservers": a.listServers, "/get/:key": a.getMessage, "/recent": a.recent,
	} {
		pages.HEAD(path, a.page(handler))
		pages.GET(path, a.recordVisit, a.page(handler))
	}
	pages.GET("/events", a.events)
	pages.GET("/live.js", liveScript)
}

// routeChanges routes the pages that change something. They take GET so that
// people can type their URLs; the system's own pages use POST, and so does a
// page that asks first.
func (a *App) routeChanges(pages *gin.RouterGroup) {
	for path, handler := range map[string]gin.HandlerFunc{
		"/spawn": a.button(a.spawn), "/destroy": a.button(a.destroy), "/set/:key": a.page(a.setMessage),
	} {
		pages.GET(path, handler)
		pages.POST(path, handler)
	}
	for path, handler := range map[string]func(*gin.Context) (reply, error){
		"/retry": a.retry, "/forget": a.forget,
	} {
		pages.POST(path, a.button(handler))
	}
	pictures := pages.Group("/", a.holdSlot)
	pictures.POST("/upload", a.button(a.upload))
	pictures.GET("/meow", a.page(a.meow))
	pictures.POST("/meow", a.page(a.meow))
}

// engine matches a path as sent, still escaped, so that %2F is part of a key and
// not a separator. keyOf unescapes it: gin would read + as a space.
func (a *App) engine() *gin.Engine {
	engine := gin.New()
	engine.UseRawPath = true
	engine.UnescapePathValues = false
	engine.HandleMethodNotAllowed = true
	engine.Use(a.answerPanic, a.setHeaders())
	engine.NoRoute(a.page(noPage))
	engine.NoMethod(a.page(noMethod))
	return engine
}

// health says that the process serves, whatever the state of Redis, until it
// steps aside to stop.
func (a *App) health(c *gin.Context) {
	if a.stopping.Load() {
		c.String(http.StatusServiceUnavailable, "stopping\n")
		return
	}
	c.String(http.StatusOK, "ok\n")
}

func noPage(*gin.Context) (reply, error) { return reply{}, errNoPage }

func noMethod(*gin.Context) (reply, error) { return reply{}, errNoMethod }
